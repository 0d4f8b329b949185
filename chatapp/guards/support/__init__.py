"""Does the approved text bear out every word of the answer?"""
