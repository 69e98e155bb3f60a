"""How near the vendor is to switching the hook off: deliveries counted, failures inferred."""
