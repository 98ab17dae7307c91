"""Pure: what a cart makes of an order, and what is done about one that is there already."""
