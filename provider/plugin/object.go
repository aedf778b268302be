package plugin

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

func (c *codec) object(o provider.Object) (*pb.Object, error) {
	actual, err := c.value(o.Actual)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Name, err)
	}
	out := &pb.Object{
		Id: o.ID, Kind: string(o.Kind), Name: o.Name, Place: string(o.Place),
		Owner: ownership(o.Owner), Actual: actual, Condition: condition(o.Condition),
		Values: exported(o.Values), Fingerprint: o.Fingerprint, Users: o.Users, Warnings: o.Warnings,
		Claim: ownership(o.Claim), WhyNot: o.WhyNot, Stray: o.Stray, Members: int64(o.Members), Created: o.Created,
		LivesIn: o.LivesIn, Views: views(o.Views), Data: data(o.Data),
	}
	return out, nil
}

func (c *codec) readObject(m *pb.Object) (provider.Object, error) {
	if m == nil {
		return provider.Object{}, nil
	}
	actual, err := c.readValue(m.GetActual())
	if err != nil {
		return provider.Object{}, fmt.Errorf("%s: %w", m.GetName(), err)
	}
	out := provider.Object{
		ID: m.GetId(), Kind: provider.Kind(m.GetKind()), Name: m.GetName(), Place: provider.Place(m.GetPlace()),
		Owner: readOwnership(m.GetOwner()), Actual: actual, Condition: readCondition(m.GetCondition()),
		Values: readExported(m.GetValues()), Fingerprint: m.GetFingerprint(), Users: m.GetUsers(), Warnings: m.GetWarnings(),
		Claim: readOwnership(m.GetClaim()), WhyNot: m.GetWhyNot(), Stray: m.GetStray(), Members: int(m.GetMembers()), Created: m.GetCreated(),
		LivesIn: m.GetLivesIn(), Views: readViews(m.GetViews()), Data: readData(m.GetData()),
	}
	return out, nil
}

func ownership(o provider.Ownership) *pb.Ownership {
	return &pb.Ownership{
		Project: o.Project, Address: o.Address, Kind: string(o.Kind), Origin: o.Origin,
		Spec: o.Spec, Deps: o.Deps, Run: o.Run, Schema: int64(o.Schema), Name: o.Name, Place: o.Place,
	}
}

func readOwnership(m *pb.Ownership) provider.Ownership {
	return provider.Ownership{
		Project: m.GetProject(), Address: m.GetAddress(), Kind: provider.Kind(m.GetKind()), Origin: m.GetOrigin(),
		Spec: m.GetSpec(), Deps: m.GetDeps(), Run: m.GetRun(), Schema: int(m.GetSchema()), Name: m.GetName(), Place: m.GetPlace(),
	}
}

func whereabouts(w provider.Whereabouts) *pb.Whereabouts {
	return &pb.Whereabouts{Place: w.Place, Aliases: w.Aliases, Addresses: w.Addresses, Configured: w.Configured, Daemons: w.Daemons}
}

func readWhereabouts(m *pb.Whereabouts) provider.Whereabouts {
	return provider.Whereabouts{
		Place: m.GetPlace(), Aliases: m.GetAliases(), Addresses: m.GetAddresses(), Configured: m.GetConfigured(), Daemons: m.GetDaemons(),
	}
}

func condition(o provider.Condition) *pb.Condition {
	return &pb.Condition{
		State: string(o.State), ExitCode: int64(o.ExitCode), Health: o.Health,
		Started: o.Started, Ended: o.Ended, Reason: o.Reason, Interrupted: o.Interrupted, Requested: o.Requested,
		Follows: o.Follows,
	}
}

func readCondition(m *pb.Condition) provider.Condition {
	return provider.Condition{
		State: provider.State(m.GetState()), ExitCode: int(m.GetExitCode()), Health: m.GetHealth(),
		Started: m.GetStarted(), Ended: m.GetEnded(), Reason: m.GetReason(), Interrupted: m.GetInterrupted(), Requested: m.GetRequested(),
		Follows: m.GetFollows(),
	}
}

func exported(o provider.Values) *pb.Values {
	out := &pb.Values{
		Id: o.ID, Ref: o.Ref, Endpoint: o.Endpoint, Version: o.Version, StorageDriver: o.StorageDriver,
		Stdout: validText(o.Stdout), Stderr: validText(o.Stderr), Withheld: o.Withheld,
	}
	if o.Addresses != nil {
		out.Addresses = &pb.StringMap{Entries: o.Addresses}
	}
	if o.Ports != nil {
		out.Ports = &pb.StringMap{Entries: o.Ports}
	}
	if o.ExitCode != nil {
		code := int64(*o.ExitCode)
		out.ExitCode = &code
	}
	return out
}

// validText is what a program wrote, as a message may bear it: in UTF-8.
func validText(text *string) *string {
	if text == nil || utf8.ValidString(*text) {
		return text
	}
	valid := strings.ToValidUTF8(*text, "\uFFFD")
	return &valid
}

func readExported(m *pb.Values) provider.Values {
	if m == nil {
		return provider.Values{}
	}
	out := provider.Values{
		ID: m.GetId(), Ref: m.GetRef(), Endpoint: m.GetEndpoint(), Version: m.GetVersion(), StorageDriver: m.GetStorageDriver(),
		Addresses: readStringMap(m.GetAddresses()), Ports: readStringMap(m.GetPorts()),
		Stdout: m.Stdout, Stderr: m.Stderr, Withheld: m.GetWithheld(),
	}
	if m.ExitCode != nil {
		code := int(m.GetExitCode())
		out.ExitCode = &code
	}
	return out
}

// readStringMap keeps the difference between an empty map and none, which the
// wire would lose inside a message.
func readStringMap(m *pb.StringMap) map[string]string {
	switch {
	case m == nil:
		return nil
	case m.GetEntries() == nil:
		return map[string]string{}
	}
	return m.GetEntries()
}

func facts(f provider.Facts) *pb.Facts {
	return &pb.Facts{
		Id: f.ID, Name: f.Name, Version: f.Version, Api: f.API, Os: f.OS, Arch: f.Arch,
		Endpoint: f.Endpoint, Chosen: f.Chosen, Files: string(f.Files), FilesWhy: f.FilesWhy,
		Self: f.Self, Details: f.Details,
	}
}

func readFacts(m *pb.Facts) provider.Facts {
	return provider.Facts{
		ID: m.GetId(), Name: m.GetName(), Version: m.GetVersion(), API: m.GetApi(), OS: m.GetOs(), Arch: m.GetArch(),
		Endpoint: m.GetEndpoint(), Chosen: m.GetChosen(), Files: provider.FileSharing(m.GetFiles()), FilesWhy: m.GetFilesWhy(),
		Self: m.GetSelf(), Details: m.GetDetails(),
	}
}
