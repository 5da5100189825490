"""Front ends: everything that shows a graph. They read the engine's public face; the engine knows none of them."""
