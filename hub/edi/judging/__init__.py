"""What is wrong with a document: values, order, repetition, totals, each judged by its grammar."""
