"""People who prove who they are elsewhere: at a proxy in front (§2.4), or at an OpenID Connect provider."""
