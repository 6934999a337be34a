"""What happened, in numbers: sales per day and what the platforms said, for dashboards."""
