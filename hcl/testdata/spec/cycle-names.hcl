# Names that are made of each other are a cycle, and not two objects of one name.
volume "a" { name = volume.b.name }
volume "b" { name = volume.a.name }
