"""Leadership and policy: how families of a place stand, what is promised and how far it is kept, and who delivers on time."""
