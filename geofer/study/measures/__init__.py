"""What is measured of trained networks beside their accuracy."""
