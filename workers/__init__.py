"""The RQ side: from the inbox to HubSpot, and from HubSpot back to the customer."""
