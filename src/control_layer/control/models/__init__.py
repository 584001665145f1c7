"""Models (§4.5): what an alias stands for, who sees it, and what it costs."""
