"""Whose the leads in a spool are: deployments that run as one user share a folder, and a lead must reach its own shop.

Each lead names its owner: the dataset of its Redis (see `read_dataset`); the address of its Redis (see
`digest_address`); the process that stored it. Before a process has reached its Redis, the dataset is the one last seen
at that address, "" if none was. A deployment owns

- what was stored for its dataset, also under another address: its Redis has moved;
- what was stored for its address when no dataset had ever been seen there;
- what the process itself has stored: its Redis has been emptied or replaced since, and its next leads go there too;
- what names no owner (stored by version 0.1.0), unless another deployment has left a trace in the file.

Everything else is left alone until a person says whose it is (`leadsync spool`).
"""

# `owner` is a table of its own, so that version 0.1.0 still reads and writes `spool` during a deploy or after going
# back; the trigger works for its deletions too.
SCHEMA = """
CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY, address TEXT, dataset TEXT, process TEXT);
CREATE TABLE IF NOT EXISTS seen (address TEXT PRIMARY KEY, dataset TEXT);
CREATE TRIGGER IF NOT EXISTS spool_deleted AFTER DELETE ON spool BEGIN DELETE FROM owner WHERE id = OLD.id; END;
"""
_DATASET = "(SELECT coalesce(nullif(:dataset, ''), (SELECT dataset FROM seen WHERE address = :address), ''))"
_NAMES_US = f"""(owner.process = :process OR CASE owner.dataset WHEN '' THEN owner.address = :address
ELSE owner.dataset = {_DATASET} END)"""
_IS_SHARED = f"""(EXISTS (SELECT 1 FROM owner WHERE NOT {_NAMES_US})
OR EXISTS (SELECT 1 FROM seen WHERE address != :address AND dataset != {_DATASET}))"""
_IS_OURS = f"(CASE WHEN owner.id IS NULL THEN NOT {_IS_SHARED} ELSE {_NAMES_US} END)"
_LEADS = "spool LEFT JOIN owner USING (id)"
UNNAMED = "unnamed"
# What a person calls an owner: 16 hex digits of its dataset, else of its address.
_NAME = f"coalesce(nullif(owner.dataset, ''), owner.address, '{UNNAMED}')"

# The statements. Parameters of all: address, dataset ("" before Redis was reached), process.
SET_OWNER = f"INSERT OR REPLACE INTO owner VALUES (:id, :address, {_DATASET}, :process)"
# Without a join: that takes 90 ms for 100,000 leads, this 25.
COUNT = f"""SELECT (SELECT count(*) FROM owner WHERE {_NAMES_US}) + (SELECT CASE
WHEN unnamed = 0 OR {_IS_SHARED} THEN 0 ELSE unnamed END
FROM (SELECT (SELECT count(*) FROM spool) - (SELECT count(*) FROM owner) AS unnamed))"""
COUNT_FOREIGN = f"SELECT (SELECT count(*) FROM spool) - ({COUNT})"
OLDEST = f"""SELECT id, body, received_ms FROM {_LEADS} WHERE {_IS_OURS}
AND id NOT IN (SELECT value FROM json_each(:but)) ORDER BY received_ms, id LIMIT :limit"""
SCAN = f"SELECT id, body, received_ms FROM {_LEADS} WHERE {_IS_OURS} AND id > :after ORDER BY id LIMIT :limit"
SHARES = f"""SELECT {_NAME}, {_IS_OURS}, coalesce(owner.address = :address, 0), count(*),
min(received_ms), max(received_ms) FROM {_LEADS} GROUP BY 1, 2, 3 ORDER BY 2 DESC, 5"""
ADOPT = f"""INSERT OR REPLACE INTO owner SELECT id, :address, {_DATASET}, '' FROM {_LEADS}
WHERE {_NAME} = :owner AND NOT {_IS_OURS}"""
DISCARD = f"DELETE FROM spool WHERE id IN (SELECT id FROM {_LEADS} WHERE {_NAME} = :owner AND NOT {_IS_OURS})"
