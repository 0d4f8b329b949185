"""`firstline finetune …`."""
