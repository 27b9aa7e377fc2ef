"""Invoices and payments: what we bill, what we are billed, what is paid."""
