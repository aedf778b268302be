package provider

import (
	"path"
	"strings"
)

// Data says where what is inside an object that hosts others lies: what becomes of it
// follows from that, and from what is done to the object. The zero Data is that of an
// object that hosts nothing, or of which nobody knows.
type Data struct {
	On DataOn
	// At is the path in the object itself at which it keeps what is inside it.
	At string
	// Source is what is mounted there, or above: a volume's name, or a path of the engine's
	// host. Rest is the part of it that holds the data, a path below it; empty for all of it.
	Source, Rest string
}

// DataOn is what the data of a hosting object lie on.
type DataOn string

// What data lie on, from what lasts longest to what ends first.
const (
	DataUnknown   DataOn = ""
	DataPath      DataOn = "path"      // a directory of the engine's host
	DataVolume    DataOn = "volume"    // a volume with a name
	DataAnonymous DataOn = "anonymous" // a volume without one, which goes with the object
	DataOwn       DataOn = "own"       // the object's own files
	DataMemory    DataOn = "memory"    // memory, which is given back when the object stops
)

// DetailDataRoot is the name in [Facts.Details] of where an engine says that it keeps its
// data, as a path of the object that it is inside.
const DetailDataRoot = "data_root"

// DataAt says what the data at a path of an object lie on, as far as its mounts tell: on the
// one that holds the path nearest, which is returned, too, or in the object's own files.
func DataAt(at string, views []View) (Data, View) {
	data, nearest := Data{On: DataOwn, At: at}, View{}
	for _, v := range views {
		target := path.Clean(v.Target)
		rest, below := strings.CutPrefix(at+"/", strings.TrimSuffix(target, "/")+"/")
		if !below || len(target) < len(nearest.Target) {
			continue
		}
		nearest = v
		nearest.Target = target
		data = Data{At: at, Source: v.Source, Rest: strings.Trim(path.Join(v.Subpath, rest), "/")}
		switch {
		case v.Type == "tmpfs":
			data = Data{On: DataMemory, At: at}
		case v.Type == "bind":
			data.On = DataPath
		case v.Source == "":
			data = Data{On: DataAnonymous, At: at}
		default:
			data.On = DataVolume
		}
	}
	return data, nearest
}

// GoWithObject tells whether the data are gone when the object is removed.
func (d Data) GoWithObject() bool {
	return d.On == DataAnonymous || d.On == DataOwn || d.On == DataMemory
}

// GoWithRun tells whether the data are gone when the object is stopped.
func (d Data) GoWithRun() bool { return d.On == DataMemory }

// Same tells whether two data are known to be one.
func (d Data) Same(other Data) bool {
	return d.On == other.On && d.Source == other.Source && d.Rest == other.Rest && d.Source != ""
}

// Words say what the data lie on, for people: "in its own files, at /data".
func (d Data) Words() string {
	at := ", at " + d.At
	switch d.On {
	case DataPath:
		return "on the host, in " + d.Source + d.below() + at
	case DataVolume:
		return "on the volume " + d.Source + d.below() + at
	case DataAnonymous:
		return "in its volume without a name" + at
	case DataOwn:
		return "in its own files" + at
	case DataMemory:
		if d.Source != "" {
			return "in memory (the volume " + d.Source + ")" + at
		}
		return "in memory" + at
	case DataUnknown:
	}
	return ""
}

func (d Data) below() string {
	if d.Rest == "" {
		return ""
	}
	return "/" + d.Rest
}

// Other is something in a place that is not of the project that was asked for, as far as
// a list tells.
type Other struct {
	Kind Kind // Container, also of what has a record of another kind, or Volume
	Name string
	// Whose is whose it is, for people, such as "daemon.dind of project ci"; empty where
	// that is nobody that dindctl knows.
	Whose string
	// Running says that it has processes now. Views are what it mounts then, and may write to.
	Running bool
	Views   []View
	// Data says where its data lie, of what runs and may host others.
	Data Data
}

// Words name it for people: "container web (daemon.dind of project ci)".
func (o Other) Words() string {
	text := string(o.Kind) + " " + o.Name
	if o.Whose != "" {
		text += " (" + o.Whose + ")"
	}
	return text
}
