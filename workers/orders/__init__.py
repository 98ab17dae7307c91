"""Carts as orders in HubSpot: a line of its own behind the contacts'."""
