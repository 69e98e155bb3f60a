"""Where deliveries come from: one file or folder a road. Sources never see the store."""
