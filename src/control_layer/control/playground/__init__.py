"""The AI API for people who are signed in: `/admin/api/v1/ai` (§5.11)."""
