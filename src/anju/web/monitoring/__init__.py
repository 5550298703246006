"""Monitored households on the screen: listing, the public notice, the support plan, the end of the risk."""
