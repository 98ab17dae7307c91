"""The RQ process: leads from the inbox to HubSpot, and confirmations back to the customer."""
