# A comment.
// Another.
/* And
   one more. */
network "a" {} # behind
