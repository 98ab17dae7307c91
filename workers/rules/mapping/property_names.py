"""HubSpot's property names that this system writes, and which of them belong together."""

NAME = ("firstname", "lastname")
ADDRESS = (
    "address", "city", "state", "zip", "country", "dealdroid_subdistrict", "dealdroid_district", "dealdroid_village",
)  # fmt: skip
PLACE = ("zip", "state", "country")
PHONES = ("phone", "mobilephone")
DETAILS = (*NAME, "company", "email", *PHONES)
ACTIVITY = (
    "dealdroid_last_intent", "dealdroid_last_intent_at", "dealdroid_payment_method", "dealdroid_cart",
    "dealdroid_cart_total", "dealdroid_product_type",
)  # fmt: skip
CUSTOMER_ID = "dealdroid_customer_id"
OTHER_IDS = "dealdroid_other_customer_ids"
UNSAVED = "dealdroid_unsaved"
NAME_GIVEN = "dealdroid_name_given"
NICKNAME = "dealdroid_nickname"
LAST_INTENT, LAST_INTENT_AT = "dealdroid_last_intent", "dealdroid_last_intent_at"
MERGED = "hs_merged_object_ids"
"""HubSpot's own: the former ids of the contacts that were merged into this one."""
SHORTER = ("dealdroid_shorter_1", "dealdroid_shorter_2", "dealdroid_shorter_3")
"""In the field clock only: the shorter forms of a name of several words, which are not news once it is known."""
PLACEHOLDER = "dealdroid_placeholder"
"""In the field clock only: the last name that this system made up, which a real name replaces."""
