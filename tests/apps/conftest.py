"""A settlement of two families, for whoever needs the whole way from a delivery to an alert."""

from town_fixtures import town as town
