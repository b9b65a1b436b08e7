"""How long callers will wait: predicted from the head of the line, said as a range, judged afterwards."""
