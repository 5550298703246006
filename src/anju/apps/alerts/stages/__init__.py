"""The stages that an alert passes, each with its reason for what it held back."""
