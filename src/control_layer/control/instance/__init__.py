"""What the instance says about itself: health, configuration, the API's description, the page at its root."""
