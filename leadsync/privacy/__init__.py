"""Personal data: export and deletion of what is stored about a customer."""
