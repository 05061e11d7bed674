"""What is kept between two runs beside what was said: the directory, the audit log, the certificate."""
