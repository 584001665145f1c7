"""What was asked, by whom, how it went and what it cost (§4.7, §4.8): questions to the table `requests`."""
