"""Intents leave notes on contacts and orders in HubSpot."""
