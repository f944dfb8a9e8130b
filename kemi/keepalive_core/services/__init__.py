"""What is done with both: destinations come and go, pings leave, results are judged and told."""
