project { name = "Not Fit" }
