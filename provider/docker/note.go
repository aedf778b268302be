package docker

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/volume"

	"github.com/dindctl/dindctl/provider"
)

// noteKind is a kind of record that is a volume of its own, because labels never change:
// a lock, and notes on a container. The volume's name says what it is about, and a label
// says it again. Names can be given, and labels copied: only a volume with the whole
// record is one, and nothing else is ever taken away for one.
type noteKind struct {
	prefix string   // of the volume's name
	of     string   // the label that repeats the rest of the name
	labels []string // those that each record has beside it, empty or not
}

func lockNotes() noteKind {
	return noteKind{lockPrefix, lockLabel, []string{lockNonce, lockWho, lockBoot, lockPID, lockSince, lockCommand}}
}

func stopNotes() noteKind {
	return noteKind{stoppedPrefix, stoppedID, []string{stoppedLabel, stoppedAddress, stoppedRun}}
}

func changeNotes() noteKind {
	return noteKind{changedPrefix, changedID, []string{changedLabel, changedAddress, changedSpec}}
}

func changingNotes() noteKind {
	return noteKind{changingPrefix, changingID, []string{changingLabel, changingAddress, changingWhat, changingNonce}}
}

// moreChangingNotes are second marks of one container: of a change that goes on where an
// earlier one ended in the middle. The first is not written anew for it: what ends between
// its removal and its return would leave none.
func moreChangingNotes() noteKind {
	return noteKind{changingPrefix + "more.", changingID, changingNotes().labels}
}

func orderNotes() noteKind {
	return noteKind{followsPrefix, followsID, []string{followsLabel, followsAddress, followsStarts}}
}

// about is what a volume is a record about; empty where it is none of the kind.
func (k noteKind) about(v volume.Volume) string {
	of := v.Labels[k.of]
	if of == "" || v.Name != k.prefix+of {
		return ""
	}
	for _, label := range k.labels {
		if _, has := v.Labels[label]; !has {
			return ""
		}
	}
	return of
}

// readNote reads the record about something, and tells whether there is one.
func (e *engine) readNote(ctx context.Context, k noteKind, of string) (volume.Volume, bool, error) {
	v, err := e.read.VolumeInspect(ctx, k.prefix+of)
	if errdefs.IsNotFound(err) {
		return volume.Volume{}, false, nil
	}
	return v, err == nil && k.about(v) == of, err
}

// forget takes the record about something away, if there is one. Any other volume of
// its name stays.
func (e *engine) forget(ctx context.Context, k noteKind, of string) error {
	v, is, err := e.readNote(ctx, k, of)
	if err == nil && is {
		err = e.write.VolumeRemove(ctx, v.Name, false)
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// note writes a record in place of an earlier one. Creating a volume that exists answers
// with that one: the label that tells is one that an earlier record has otherwise.
func (e *engine) note(ctx context.Context, k noteKind, labels map[string]string, tells string) error {
	of := labels[k.of]
	for again := range 2 {
		if again > 0 {
			if err := e.forget(ctx, k, of); err != nil {
				return err
			}
		}
		v, err := e.write.VolumeCreate(ctx, volume.CreateOptions{Name: k.prefix + of, Labels: labels})
		if err == nil {
			v, err = e.made(ctx, v)
		}
		if err != nil && !errdefs.IsNotFound(err) { // not there: somebody took an earlier record away a moment ago
			return err
		}
		if err == nil && k.about(v) == of && v.Labels[tells] == labels[tells] {
			return nil
		}
	}
	return nameOfNoteTaken(k.prefix+of, "", "A record that dindctl keeps")
}

// made is a volume as it is, from the engine's answer to its creation. An engine that was
// restarted since answers without the labels of a volume that exists; only inspect has
// them (measured: Engine 20.10). The error is errdefs.IsNotFound where the volume was
// removed in between.
func (e *engine) made(ctx context.Context, v volume.Volume) (volume.Volume, error) {
	if len(v.Labels) > 0 {
		return v, nil
	}
	return e.read.VolumeInspect(ctx, v.Name)
}

// nameOfNoteTaken is the error about a volume that has the name of a record, and is none.
func nameOfNoteTaken(name, address, what string) error {
	return &provider.Problem{
		Code: provider.Conflict, Address: address, Summary: "The name is taken",
		Detail: fmt.Sprintf("%s is a volume named %s, and there is one that is no such record: its labels are not those of one. "+
			"It is left alone, with its data. Copy what you need out of it, remove it with `docker volume rm %[2]s`, and run the command again.", what, name),
		Holder: "a volume that dindctl did not make (" + name + ")",
	}
}
