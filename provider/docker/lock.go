package docker

import (
	"context"
	"strconv"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/volume"

	"github.com/dindctl/dindctl/provider"
)

// The labels of a lock. It bears no project label, and is no object of any project.
const (
	lockPrefix  = "dindctl.lock."
	lockLabel   = labelPrefix + "lock"
	lockNonce   = lockLabel + ".nonce"
	lockWho     = lockLabel + ".who"
	lockBoot    = lockLabel + ".boot"
	lockPID     = lockLabel + ".pid"
	lockSince   = lockLabel + ".since"
	lockCommand = lockLabel + ".command"
)

// Lock takes the project's lock: a volume, because creating one answers with the
// volume that exists, so that who finds its own nonce in the answer holds it.
// (Two networks may have one name: a network cannot serve.)
func (p *Provider) Lock(ctx context.Context, project string, holder provider.Holder) (provider.Holder, bool, error) {
	e, err := p.at(provider.Root)
	if err != nil {
		return provider.Holder{}, false, err
	}
	created, err := e.write.VolumeCreate(ctx, volume.CreateOptions{
		Name: lockPrefix + project,
		Labels: map[string]string{
			lockLabel: project, lockNonce: holder.Nonce, lockWho: holder.Who, lockBoot: holder.Boot,
			lockPID: strconv.Itoa(holder.PID), lockSince: holder.Since, lockCommand: holder.Command,
		},
	})
	if err != nil {
		return provider.Holder{}, false, e.problem(err, "locking the project", "", project)
	}
	switch created, err = e.made(ctx, created); {
	case errdefs.IsNotFound(err): // it was released a moment ago: the caller asks again
		return provider.Holder{}, false, nil
	case err != nil:
		return provider.Holder{}, false, e.problem(err, "reading the lock of the project", "", project)
	case lockNotes().about(created) == "":
		return provider.Holder{}, false, nameOfNoteTaken(lockPrefix+project, "", "The lock of project "+project)
	}
	now := holderOf(created.Labels)
	return now, now.Nonce == holder.Nonce, nil
}

func holderOf(labels map[string]string) provider.Holder {
	pid, _ := strconv.Atoi(labels[lockPID]) // 0 where it is no number
	return provider.Holder{
		Nonce: labels[lockNonce], Who: labels[lockWho], Boot: labels[lockBoot], PID: pid, Since: labels[lockSince], Command: labels[lockCommand],
	}
}

// Unlock releases the lock that the nonce holds. A volume of its name that is no lock
// stays, as another's lock does.
func (p *Provider) Unlock(ctx context.Context, project, nonce string) error {
	e, err := p.at(provider.Root)
	if err != nil {
		return err
	}
	v, is, err := e.readNote(ctx, lockNotes(), project)
	if err == nil && is && nonce != "" && v.Labels[lockNonce] == nonce {
		err = e.write.VolumeRemove(ctx, v.Name, false)
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return e.problem(err, "unlocking the project", "", project)
}
