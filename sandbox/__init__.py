"""Stand-ins for HubSpot and DealDroid and an embedded Redis, for `leadsync run` and for tests."""
