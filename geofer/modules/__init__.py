"""What learns: networks, losses, and the LightningModules that train them."""
