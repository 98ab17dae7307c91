"""HubSpot's properties of a contact that this system writes, by the names under which it knows them."""

# Positions are stored in Redis: append only.
PROPERTIES = (
    "firstname", "lastname", "email", "phone", "mobilephone", "company", "address", "city", "state", "zip", "country",
    "hs_language", "hs_lead_status", "hs_legal_basis", "dealdroid_customer_id", "dealdroid_last_intent",
    "dealdroid_last_intent_at", "dealdroid_payment_method", "dealdroid_cart", "dealdroid_cart_total",
    "dealdroid_subdistrict", "dealdroid_district", "dealdroid_unsaved", "dealdroid_other_customer_ids",
    "dealdroid_village", "dealdroid_product_type", "dealdroid_first_intent", "dealdroid_first_intent_at",
    "dealdroid_name_given", "dealdroid_nickname", "dealdroid_other_phones", "dealdroid_placeholder",
    "dealdroid_shorter_1", "dealdroid_shorter_2", "dealdroid_shorter_3",
)  # fmt: skip
# Remembered under names that are no property's.
_REMEMBERED = ("dealdroid_placeholder", "dealdroid_shorter_1", "dealdroid_shorter_2", "dealdroid_shorter_3")
MAPPED = tuple(name for name in PROPERTIES if name not in _REMEMBERED)
"""The names that `[mapping]` may send to another property or leave out."""
