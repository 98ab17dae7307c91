"""English. What is added here is added to `leadcore.texts.th`."""

from collections.abc import Mapping

# A reason in place of a sentence.
ANY = "{why}."
ADD_SCOPE = (
    "Add it to the Service Key in HubSpot (Settings > Integrations > Service Keys); for a legacy private app tick it "
    "under Settings > Integrations > Private apps > Scopes."
)

# Why something happened, or did not, see `leadcore.reasons`. Older versions stored these sentences: while their
# receipts live, one that is changed here has to be recognised in its old form too.
REASONS: Mapping[str, str] = {
    "given_up": "{why}; given up after {tries} tries",
    # What became of an order
    "order_superseded": "a newer cart of the customer is in the order already",
    "order_deleted": "the order was deleted in HubSpot, and this is the same cart",
    "order_moved_on": "the order is in the stage {stage} or paid, so it stays as it is",
    "no_cancelled_stage": "the pipeline has no stage for cancelled orders",
    "note_dropped": "Redis had no more room for notes that wait",
    "note_without_contact": "the contact of the note is not in HubSpot",
    "order_without_contact": "the order's contact is not in HubSpot",
    "order_vanished": "the order was deleted while it was changed",
    "order_values_refused": "HubSpot does not accept the order's {names}",
    # Why a payment waits, or is parked
    "payment_unknown": "nobody knows an order of this reference",
    "payment_meanwhile": "the order is being changed",
    "payment_deleted": "the order was deleted in HubSpot",
    "payment_unpaid": "the order was not paid before",
    "payment_twice": "the order was paid before",
    "payment_said_before": "a person, your system or HubSpot said before that it is paid, perhaps with this payment",
    "refund_unclear": "how much is given back or disputed, or whether of the payment of this order, is not known",
    "payment_cancelled": "the order was cancelled before",
    "payment_amount": "this is not what the order costs",
    "refund_amount": "more was given back, or is disputed, than the order costs, or in another currency",
    "payment_not_noted": "a payment was not noted, {why}",
    # Why a value was not written, or is not changed
    "email_ignored": "it is one of ignored_emails",
    "email_invalid": "it is not a valid email address",
    "phone_invalid": "it is not a phone number",
    "ambiguous": "it can be read in more than one way",
    "contradictory": "its parts contradict each other",
    "option_missing": "HubSpot has no such option",
    "email_refused": "HubSpot does not accept this email address",
    "phone_refused": "HubSpot does not accept this phone number",
    "property_missing": "the property does not exist in HubSpot; run leadsync setup",
    "property_read_only": "the property is read-only in HubSpot",
    "not_a_whole_number": "HubSpot expects a whole number",
    "not_a_number": "HubSpot expects a number",
    "not_a_date": "HubSpot expects a date",
    "value_refused": "HubSpot does not accept the value ({code})",
    "value_suspected": "HubSpot refused the contact, perhaps for this value",
    "value_taken": "another contact has this value",
    "email_taken": "another contact has this email",
    "email_shared": "three or more customers use this email, so it identifies nobody",
    "partner_required": "HubSpot requires {properties} with it",
    "form_wanted": "HubSpot wants {rule}",
    "said_newer": "the customer has said something newer",
    "longer_name_known": "a longer name is already known",
    "contact_of_others": "the contact belongs to somebody else and has another value",
    "contact_of_other_customer": "the contact is another chat customer's, matched by email only",
    "already_there": "HubSpot has this value already",
    "said_before": "the customer has said this before",
    "only_when_created": "set only when the contact is created",
    # What to know of a value that was written
    "written_with_warning": "HubSpot has written it with a warning ({code})",
    # Why a reply has no payment link
    "pay_off": "payment links are off: {name} is not set",
    "pay_on_delivery": "it is paid on delivery",
    "pay_no_cart": "there is no cart that can be read",
    "pay_unavailable": "something in the cart is not available",
    "pay_no_amount": "the total is no plain amount in {currency}",
    "pay_sum": "the total is not lines and shipping added up",
    "pay_prices": "the prices cannot be compared with HubSpot's products",
    "pay_prices_differ": "no payment link: other prices than HubSpot's products ({names}), lines without a product: "
    "{lines}. Correct the order or the product, and tell the customer what to pay",
    "pay_range": "the total is not from {low} to {high}",
    # Why a lead was not written, or has to wait
    "matched_by_email_only": "matched by email only",
    "no_contact_details": "no contact details yet",
    "nothing_written": "nothing was written",
    "parked_too_long": "it was parked for {days} days, so what it said was removed",
    "waited_too_long": "nothing took it for {days} days, so what it said was removed",
    "held_too_long": "a dry run held it back, and nobody retried it for {days} days, so what it said was removed",
    "fields_unusable": "{fields} is missing or unusable",
    "event_unreadable": "this program cannot read this event",
    "fault": "a fault in this program ({error})",
    "contact_refused": "HubSpot refused this contact",
    "values_refused": "HubSpot refused some values",
    "property_required": "HubSpot requires {properties}",
    "placeholder_refused": "HubSpot refused even a made-up last name",
    "contact_locked": "HubSpot has locked this contact for a moment",
    "contact_busy": "HubSpot is too busy for this contact",
    "contact_unsaid": "HubSpot does not say whether this contact exists",
    "error_unexplained": "HubSpot gave an error without an explanation",
    "lead_unanswered": "HubSpot gave no answer for this lead",
    "never_accepted": "HubSpot's answers did not come to an end",
    "owner_unnamed": "HubSpot names no contact with this email yet",
    "owner_vanished": "the contact with this email vanished",
    "owner_being_written": "the customer who made this contact is just being written",
    "contact_just_created": "another write made this contact at the same moment",
    "contact_vanished": "the contact vanished from HubSpot while it was written",
    # Why a line is down
    "token_refused": (
        "HubSpot refuses the access token. Put a valid one into HUBSPOT_ACCESS_TOKEN and restart the workers."
    ),
    "scope_missing": f"The HubSpot token lacks a scope: {{scope}}. {ADD_SCOPE}",
    "any_scope_missing": f"The HubSpot token lacks a scope: one of {{scopes}}. {ADD_SCOPE}",
    "daily_quota_used": "HubSpot's daily quota is used up.",
    "portal_full": "The HubSpot portal has no room for new contacts.",
    "portal_full_of": "The HubSpot portal has no room for new {kind}.",
    "order_currency_refused": (
        "HubSpot refuses the currency of an order. Add it to the portal's currencies (Settings > Account defaults > "
        "Currency), or change currency under [orders] in leadsync.toml and restart the workers."
    ),
    "order_pipeline_refused": (
        "HubSpot refuses the pipeline of an order. Fix pipeline under [orders] in leadsync.toml and restart the "
        "workers; leadsync doctor lists those of the portal."
    ),
    "order_stage_refused": (
        "HubSpot refuses the stage of an order. Fix stage under [orders] in leadsync.toml and restart the workers; "
        "leadsync doctor lists those of the portal."
    ),
    "order_amount_refused": (
        "HubSpot refuses the amount of an order. Make the property editable, and drop its rules, in HubSpot "
        "(Settings > Properties)."
    ),
    "object_not_activated": (
        "{kind} are not activated in this HubSpot portal. Activate them there (Settings > Data Management > Objects), "
        'or set object = "deal" and a stage under [orders] in leadsync.toml and restart the workers.'
    ),
    "no_pipeline": (
        "The portal has no pipeline {name} for {kind}; it has {others}. Make it there, or fix [orders] in "
        "leadsync.toml and restart the workers."
    ),
    "no_stage": (
        "The pipeline {pipeline} has no stage {name}; it has {others}. Make it there, or fix [orders] in leadsync.toml "
        "and restart the workers."
    ),
    "essential_read_only": "The property {property} of {kind} is read-only or missing in the portal.",
    "link_unanswered": "HubSpot gave no answer for this link",
    "link_refused": "HubSpot refused this link",
    "archive_refused": "HubSpot refused to delete a record (status {status}).",
    "slow_down": "HubSpot asks to slow down.",
    "portal_moving": "HubSpot is moving this portal to another data centre.",
    "records_locked": "HubSpot has locked these records for a moment.",
    "hubspot_unavailable": "HubSpot is not available.",
    "hubspot_answered": "HubSpot is not available (status {status}).",
    "hubspot_unreachable": "HubSpot cannot be reached. Check HUBSPOT_BASE_URL and the network.",
    "connection_failed": "HubSpot cannot be reached ({error}).",
    "hubspot_too_late": "HubSpot did not answer in time.",
    "hubspot_tls_failed": "The TLS connection to HubSpot failed.",
    "hubspot_disconnected": "HubSpot closed the connection before it answered.",
    "answer_unexpected": "HubSpot gave an unexpected answer (status {status}). Check HUBSPOT_BASE_URL.",
    "answer_too_long": "HubSpot's answer is too long. Check HUBSPOT_BASE_URL.",
    "answer_empty": "HubSpot answered without a result. It is tried again.",
    "no_properties_listed": "HubSpot lists no contact properties. Check HUBSPOT_BASE_URL.",
    "key_missing": "The portal has no property {property}. Run: leadsync setup",
    "key_lacking": "The portal has no unique property {property}. Run: leadsync setup",
    "key_not_unique": (
        "The property {property} does not have unique values, so it cannot tell customers apart. "
        "Delete it in HubSpot (it must be empty), then run: leadsync setup"
    ),
    "search_refused": "HubSpot refused a search (status {status}).",
    "erasure_refused": "HubSpot refused to delete the contact (status {status}).",
    "order_blanking_refused": "HubSpot refused to blank what a paid order says of the person.",
    "unlinking_refused": "HubSpot refused to remove the customer's id from the contact.",
    "dealdroid_takes_nothing": "DealDroid takes no messages at the moment.",
    "dealdroid_busy": "DealDroid asks to slow down.",
    "redis_restarted": "Redis has restarted; messages wait until it knows all.",
    # Why a customer is not told of their order's stage until somebody decides
    "stage_not_held": "it is not held, or somebody has decided already",
    "line_paused": "the line to HubSpot is paused",
    "switched_off": (
        "the configuration has switched it off; what waits is written once it is on again, or removed after {days} days"
    ),
    "stage_bulk": "more than {most} orders were moved within a minute, which may be a mistake",
    # Why there is no message, or what became of it
    "nothing_new": "nothing new for the customer",
    "test_lead": "it is a test, and nobody is there to read it",
    "said_today": "the same was said today",
    "found_by_email_alone": "the contact was found by its email alone",
    "newer_answered": "a newer event was answered",
    "text_empty": "the text is empty",
    "messages_off": "messages are switched off",
    "messages_off_for_intent": "messages are switched off for this intent",
    "quiet_hours": "quiet hours",
    "never_heard": "it is not known when the customer was last heard, and window_hours is set",
    "heard_later": "it is not known yet when the customer was last heard, as events from before are not written yet",
    "window_over": "the customer was last heard longer ago than window_hours",
    "behind_another": "an earlier message to the customer waits",
    "too_old": "older than {minutes} minutes",
    "is_retry": "it is a retry",
    "is_replay": "it is a replay",
    "is_import": "it is an import",
    "dealdroid_unreachable": "DealDroid cannot be reached",
    "dealdroid_tls_failed": "no TLS connection or proxy to DealDroid",
    "dealdroid_disconnected": "the connection ended before DealDroid answered",
    "dealdroid_too_late": "DealDroid did not answer in time",
    "dealdroid_unreadable": "DealDroid's answer could not be read",
    "dealdroid_answered": "DealDroid answered {status}",
    "message_refused": "DealDroid refused the message (status {status})",
    "message_unreadable": "this program cannot read the message",
    "redis_restarted_meanwhile": "Redis restarted while it was sent",
    "sender_cut_off": "the sender was cut off",
    "message_not_sent": "its message was not sent, {why}",
    "order_not_made": "its order was not written, {why}",
    "order_cart_gone": "its cart has left Redis, so make the order by hand, or ask the customer",
    "order_cart_dropped": "Redis had no more room for carts that wait, so this one was dropped",
    "no_order_waits": "no order of it waits",
    "note_not_written": "its note was not written, {why}",
    "note_gone": "its text has left Redis, so write the note by hand",
    "no_note_waits": "no note of it waits",
    "message_uncertain": "its message may not have arrived, {why}",
    # Why a person's retry or discard does nothing
    "not_parked": "it is not parked",
    "no_message_waits": "its message is not waiting for anybody",
    "no_event": "it is no event that can be read, so it cannot be retried; discard it",
    "fields_unusable_still": "{fields} is missing or unusable, so it cannot be retried; discard it",
    "still_dry": "the workers run with DRY_RUN=1 and would hold it back again; unset DRY_RUN, restart them, then retry",
    "no_contact_read": ANY,
}

# Where the console says a reason in other words than the commands.
CONSOLE_REASONS: Mapping[str, str] = {
    "given_up": "{why}; tried {tries} times",
    "nothing_written": "Dry run: nothing was written",
    "message_not_sent": "the message was not sent, {why}",
    "message_uncertain": "the message may not have arrived, {why}",
    "order_not_made": "the order was not written, {why}",
    "payment_not_noted": "the payment was not noted, {why}",
    "note_not_written": "the note was not written, {why}",
}

_SCOPES = (
    "The HubSpot token lacks a scope. Tick crm.objects.contacts.read and .write and crm.schemas.contacts.read and "
    ".write in the private app."
)
# Sentences that no version stores any more.
FORMER_REASONS: Mapping[str, str] = {
    "dry run: nothing is sent": "dry run: nothing is sent",
    "HubSpot's answer took too long.": "HubSpot's answer took too long.",
    "it is a import": "it is an import",
    _SCOPES: _SCOPES,
}

# What fixes parked leads and unsent messages, by what their reason is about; "" for any other.
FIXES: Mapping[str, str] = {
    "": "The cause may have passed: retry.",
    "unusable": "It cannot be retried as it is. Let the intent in DealDroid send what is missing, then discard it.",
    "unreadable": "Install the newest leadsync, then retry. If it is parked again, discard it.",
    "required": (
        "Give a value under [required] in leadsync.toml and restart the workers, let contacts do without it in "
        "HubSpot, or, if the contact is there already, fill it in. Then retry."
    ),
    "refused": "Look for a rule or a required property of your portal, fix it, then retry.",
    "failed": (
        "Only the message is missing. If DealDroid refuses every message, check DEALDROID_WEBHOOK_URL, and that its "
        "intents allow the bot to send messages from the provider URL. Then retry, or discard the message."
    ),
    "interrupted": (
        "The customer may have the message, and nothing else is missing. Retry if you know that they do not, else "
        "discard it."
    ),
    "dry run": "Once DRY_RUN is unset and the workers are restarted, retry.",
    "error": "Install the newest leadsync, then retry.",
    "row": "HubSpot took other leads but not this one. Look at status.hubspot.com, then retry.",
    "race": "Another program writes the same contacts. Retry; if it comes back, look at the portal's connected apps.",
    "no_order": "Look which order the reference means. If there is one, retry; else give the money back and discard.",
    "paid_twice": "Look whether the customer paid twice, and give back what was too much. Then discard it.",
    "paid_cancelled": "Deliver the order after all, or give the money back. Then discard it.",
    "paid_amount": "Ask the customer for the rest, or give back what was too much. Then discard it.",
    "refund_amount": "Look at the payment at its provider and correct the order's status in HubSpot. Then discard it.",
    "no_contact": "Somebody deleted the contact in HubSpot. The customer's next message makes it again; then retry.",
    "vanishing": "A workflow or a person deletes the contact while it is written. Find out which, then retry.",
    "full": "Too many orders waited, so their carts were dropped. Fix what holds orders back (leadsync doctor), "
    "give Redis more memory, make these orders by hand, then discard them.",
    "notes_full": "Too many notes waited, so their texts were dropped. Fix what holds notes back (leadsync doctor), "
    "give Redis more memory, then discard them.",
    "unsettled": "HubSpot refuses one value after the other. Check the rules of your properties, fix them, then retry.",
}

# What to do about a dropped value, by the code of the reason; "" for any other.
HINTS: Mapping[str, str] = {
    "": 'What was said stands on the contact under "Values not saved".',
    "email_ignored": "Nothing to do: leadsync.toml says so.",
    "email_invalid": 'Ask the customer; what they said is on the contact under "Values not saved".',
    "ambiguous": 'Ask the customer; what came is on the contact under "Values not saved".',
    "contradictory": 'Ask the customer which is right; what does not fit is on the contact under "Values not saved".',
    "phone_invalid": 'Ask the customer; what they said is on the contact under "Values not saved".',
    "option_missing": "Add the option to the property in HubSpot; the next leads will have it.",
    "property_missing": "Run leadsync setup; the next leads will have it.",
    "property_read_only": (
        "Make the property editable in HubSpot, or leave it out in leadsync.toml and restart the workers."
    ),
    "value_taken": "If the two contacts are one person, merge them in HubSpot.",
}

# Why a line is paused and what to do, by the code in Redis; of a missing scope the reason says more, as it names it.
PAUSES: Mapping[str, str] = {
    "unauthorized": (
        "HubSpot refuses the access token. Put a valid one into HUBSPOT_ACCESS_TOKEN and restart the workers."
    ),
    "daily_quota": (
        "HubSpot's daily quota is used up. It is reset at the portal's midnight; find out which app uses so much."
    ),
    "no_room": "The HubSpot portal has no room for new contacts. Delete some there, or buy more room.",
    "order_key": "The portal lacks dealdroid_order_id or dealdroid_line_id as unique properties. Run: leadsync setup",
    "order_room": "The HubSpot portal has no room for new orders or their lines. Delete some there, or buy more room.",
    "order_currency": (
        "HubSpot does not take the currency of orders. Add it to the portal's currencies, or change currency under "
        "[orders] in leadsync.toml and restart the workers."
    ),
    "order_pipeline": (
        "HubSpot does not take the pipeline of orders. Fix pipeline under [orders] in leadsync.toml and restart the "
        "workers; leadsync doctor lists those of the portal."
    ),
    "order_stage": (
        "HubSpot does not take the stage of orders. Fix stage under [orders] in leadsync.toml and restart the workers; "
        "leadsync doctor lists those of the portal."
    ),
    "order_amount": (
        "HubSpot does not take the amount of orders. Make the property editable, and drop its rules, in HubSpot; "
        "leadsync doctor names what is read-only."
    ),
    "switched_off": (
        "The configuration has switched this off. Put its table back and restart the workers, and what waits is "
        "written, late; what has waited for 30 days is removed."
    ),
    "orders_off": (
        "The portal has not activated what orders are made of. Activate it in HubSpot (Settings > Data Management > "
        'Objects), or set object = "deal" and a stage under [orders] in leadsync.toml and restart the workers.'
    ),
    "rate_limit": "HubSpot asks to slow down. There is nothing to do.",
    "migrating": "HubSpot is moving this portal to another data centre. There is nothing to do.",
    "locked": "HubSpot has locked these contacts for a moment. There is nothing to do.",
    "unavailable": "HubSpot is not available. There is nothing to do; status.hubspot.com shows when it is back.",
    "unreachable": "HubSpot cannot be reached. Check the network and HUBSPOT_BASE_URL.",
    "timeout": "HubSpot does not answer in time. There is nothing to do.",
    "disconnected": "HubSpot closes the connection before it answers. There is nothing to do.",
    "tls": "The TLS connection to HubSpot fails. Check HUBSPOT_BASE_URL and this machine's certificates.",
    "empty_answer": "HubSpot answers without a result. There is nothing to do.",
    "unexpected": "HubSpot gives answers that are not its own. Check HUBSPOT_BASE_URL and HUBSPOT_API_VERSION.",
    "no_key": "The portal has no unique property dealdroid_customer_id. Run: leadsync setup",
    "dealdroid": "DealDroid accepts no messages at the moment.",
    "dealdroid_busy": "DealDroid asks to slow down. There is nothing to do.",
    "restarted": "Redis has restarted; messages wait until it knows which were sent.",
}

# What to do about a pause, as commands and alerts say it, where its reason does not.
ADVICE: Mapping[str, str] = {
    "no_room": "Delete contacts in HubSpot, or buy room for more.",
    "order_room": "Delete some in HubSpot, or buy room for more.",
    "daily_quota": "Find out which app uses it up, or buy more; it begins anew at midnight in the portal's time zone.",
    "switched_off": (
        "Put its table back into the configuration and restart the workers, or leave it: what waits ends by itself."
    ),
    "dealdroid": "Check DEALDROID_WEBHOOK_URL and DealDroid itself.",
}

# What waits for a person, by the name of its `leadcore.store.lines.Kept`, and what stands between the last two.
KEPT: Mapping[str, str] = {
    "parked": "{n} lead|{n} leads",
    "unsent": "{n} message|{n} messages",
    "parked_orders": "{n} order|{n} orders",
    "parked_payments": "{n} payment|{n} payments",
    "parked_notes": "{n} note|{n} notes",
}
AND = " and "

# What is wrong, by the code of `leadcore.verdict`, without a full stop; a singular and a plural form are separated by
# "|". `{n}`: how many; `{what}`: how many of what, from `KEPT`.
PROBLEMS: Mapping[str, str] = {
    "redis_away": "Redis does not answer",
    "redis_disk": "Redis cannot write to its own disk, so it refuses leads",
    "redis_replica": "REDIS_URL leads to a replica, which takes no leads",
    "no_workers": "No worker is running, so leads wait",
    "paused": "Leads wait for HubSpot",
    "redis_full": "{n} % of Redis' memory is used, so new leads go to the receivers' disks",
    "redis_evicts": "Redis deletes leads once it is full",
    "disk_unusable": "This machine's disk cannot store leads",
    "refused": (
        "{n} post refused today: the secret of an intent is not the one set here|{n} posts refused today: "
        "the secret of an intent is not the one set here"
    ),
    "late": "The oldest lead has waited for {n} seconds",
    "messages_paused": "Messages wait for DealDroid",
    "orders_paused": "Orders wait for HubSpot",
    "payments_paused": "Payments wait for HubSpot",
    "notes_paused": "Notes wait for HubSpot",
    "required": (
        "HubSpot refuses contacts without a property that the portal requires|"
        "HubSpot refuses contacts without properties that the portal requires"
    ),
    "parked": "{what} needs you|{what} need you",
    "hooks_away": "{n} address takes no hooks|{n} addresses take no hooks",
    "notices_away": "{n} address takes no notices to the team|{n} addresses take no notices to the team",
    "stages_held": (
        "{n} customer is told of an order's stage once you decide|"
        "{n} customers are told of an order's stage once you decide"
    ),
    "stages_wait": "Orders that were moved in HubSpot wait",
    "spooled": "{n} lead waits on this machine's disk|{n} leads wait on this machine's disk",
    "foreign": (
        "{n} lead on this machine's disk was stored for another Redis|{n} leads on this machine's disk were "
        "stored for another Redis"
    ),
    "dry_run": "Dry run: nothing reaches HubSpot",
    "partly_dry": "Dry run on some workers: they hold back leads that others would write",
    "held": "{n} lead is held back since the dry run|{n} leads are held back since the dry run",
}

# What to do about it, as the commands say it.
REMEDIES: Mapping[str, str] = {
    "redis_away": "Check REDIS_URL and whether Redis runs.",
    "redis_disk": (
        "Make room on that disk, and look into Redis' own log. Until then leads go to the receivers' disks, and "
        "workers cannot say whether they are alive."
    ),
    "redis_replica": "Let REDIS_URL name the primary. Until then leads go to the receivers' disks.",
    "no_workers": "Start one: leadsync worker",
    "paused": "{why}",
    "redis_full": (
        "Give Redis more memory. They are put into Redis once it has room; a temporary disk loses them at a restart."
    ),
    "redis_evicts": "Its maxmemory-policy is {why}: set it to noeviction.",
    "disk_unusable": (
        "{why}. Posts are refused and lost whenever Redis is away. leadsync doctor says which folder it is "
        "and what to do."
    ),
    "refused": "Put the API secret key of every intent in DealDroid into DEALDROID_SECRET, and restart web.",
    "late": "Start more workers if this does not fall.",
    "messages_paused": "{why}",
    "orders_paused": "{why}",
    "payments_paused": "{why}",
    "notes_paused": "{why}",
    "required": (
        "It wants {why}. Give a value under [required] in leadsync.toml and restart the workers, or let contacts do "
        "without in HubSpot. leadsync finds out within an hour; leadsync retry tries at once."
    ),
    "parked": "See: leadsync parked",
    "hooks_away": "Leads are not affected. See: leadsync hooks list",
    "notices_away": "Leads are not affected. See: leadsync notify list",
    "stages_held": "See: leadsync stages",
    "stages_wait": "{why}",
    "spooled": "The receiver puts them into Redis by itself, once that takes them.",
    "foreign": "They are left alone. If Redis was emptied or replaced they are yours: leadsync spool list",
    "dry_run": "New leads are held back, and no message is sent. To go live, unset DRY_RUN and restart the workers.",
    "partly_dry": "Set DRY_RUN on all workers or on none, and restart them.",
    "held": "Write them: leadsync retry --held",
}
