package mount

// findVolume applies the rule to a volume that is mounted by its name.
func (r *resolver) findVolume(q question) finding {
	f := r.judgeVolume(q)
	f.send = Mount{Type: Volume, Volume: q.n.Source, Target: q.n.Target, Subpath: q.n.Subpath, ReadOnly: q.n.ReadOnly}
	return f
}

func (r *resolver) judgeVolume(q question) finding {
	volume, here := r.volume(q.n.Daemon, q.n.Source)
	if q.n.Source == "" {
		// An anonymous volume is made for the container that mounts it.
		return finding{verdict: Visible, gets: "a new anonymous volume", message: q.who() + " gets an anonymous volume of its own at " + q.n.Target + "."}
	}
	if !here {
		return r.judgeMissingVolume(q)
	}
	d := side{volume: true, place: r.volumePlace(q, volume)}
	f := finding{
		verdict: Visible, side: d,
		message: q.who() + " sees " + d.object.String() + " at " + q.n.Target + ".",
	}
	if q.n.Subpath != "" && q.engine.API == "" {
		return gatedFinding(q, d)
	}
	if q.n.Subpath != "" && apiBelow(q.engine.API, apiSubpath) {
		f.verdict = Aliased
		whole := d
		whole.place = r.canonicalPlace(place{raw: d.raw.base()})
		f.side = whole
		f.message = q.who() + " would see the whole volume " + q.n.Source + ", not its " + q.n.Subpath + ": " + q.n.Daemon +
			" speaks API " + q.engine.API + ", and engines before 1.45 accept a subpath and ignore it."
	}
	return f
}

func (r *resolver) volumePlace(q question, volume NamedVolume) place {
	if volume.Device != "" {
		if s, why := r.engineSpace(q.n.Daemon); why == "" {
			found := r.walk(s, join(volume.Device, q.n.Subpath))
			if found.unknown == "" {
				return found
			}
		}
	}
	return r.canonicalPlace(place{raw: Object{
		Kind: VolumeFiles, In: r.engineName(q.n.Daemon), Name: q.n.Source, Rest: clean(q.n.Subpath),
	}})
}

// judgeMissingVolume speaks of a volume that the daemon does not have.
func (r *resolver) judgeMissingVolume(q question) finding {
	if q.engine.Address == "" && q.engine.Unknown == "" && !r.knowsEngine(q.n.Daemon) {
		return unknown(q, "nothing is known of the engine "+q.n.Daemon)
	}
	if q.engine.Unknown != "" {
		return unknown(q, "whether "+q.n.Daemon+" has a volume "+q.n.Source+" is not known ("+q.engine.Unknown+")")
	}
	gets := "a new, empty volume " + q.n.Source + " (" + r.engineName(q.n.Daemon) + ")"
	if c, ok := r.container(q.n.Controller); ok {
		for _, m := range c.Mounts {
			if m.Type == Volume && m.Volume == q.n.Source && r.engineName(c.Engine) != r.engineName(q.n.Daemon) {
				return finding{
					verdict: Aliased, gets: gets,
					message: q.who() + " would get " + gets + ": the volume " + q.n.Source + " that " + q.n.Controller + " mounts at " +
						clean(m.Target) + " belongs to another engine, " + r.engineName(c.Engine) + ".",
				}
			}
		}
	}
	return finding{
		verdict: Hidden, gets: gets,
		message: q.n.Daemon + " has no volume " + q.n.Source + ": " + q.who() + " would get " + gets + ".",
	}
}

func (r *resolver) knowsEngine(address string) bool {
	_, ok := r.t.Engines[address]
	return ok
}
