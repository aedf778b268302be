# flags: -project Not_Fit
network "n" {}
