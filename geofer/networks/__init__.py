"""The networks of Table II and their relatives, apart from what trains them."""
