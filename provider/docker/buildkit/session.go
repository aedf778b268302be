// Package buildkit is the other half of a build by BuildKit: the session on which an
// engine asks for what a build may have of this side, and the lines that the trace
// which it sends stands for. Package docker sends the build itself, and knows
// nothing of gRPC, which both are made of.
package buildkit

import (
	"context"
	"crypto/rand"
	"net"

	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"google.golang.org/grpc"
)

// Dial opens the connection of a session: it changes a connection to the engine
// to the protocol, and sends the headers. client.DialHijack of the Docker client
// does so for the engine's "/session".
type Dial func(ctx context.Context, protocol string, headers map[string][]string) (net.Conn, error)

// Login is what a registry is asked with; the zero value asks as a stranger does.
// Without a user, the secret is an identity token.
type Login struct{ User, Secret string }

// Offer is what a build may have, and nothing else.
type Offer struct {
	// Secrets are the texts that RUN --mount=type=secret reads, by id.
	Secrets map[string]string
	// Login returns the login for a registry's host.
	Login func(ctx context.Context, host string) Login
	// Dockerfile and Files are what the build is made from, where its request brings
	// nothing: Files may be nil then, for an empty directory. A Dockerfile that comes
	// so is none of the files.
	Dockerfile []byte
	Files      Files
}

// Session is an open session. Neither secrets nor logins are in the request for a
// build, in the image or in the engine's cache: they are asked for here.
type Session struct {
	session *session.Session
	ended   chan struct{}
}

// Open opens a session that lasts until Close, or until ctx is done. An error is
// that of dial.
func Open(ctx context.Context, dial Dial, offer Offer) (*Session, error) {
	// Without a key of its own it would take files of an earlier build for the same, by
	// their sizes and times.
	inner, err := session.NewSession(ctx, rand.Text())
	if err != nil {
		return nil, err
	}
	content := make(map[string][]byte, len(offer.Secrets))
	for id, text := range offer.Secrets {
		content[id] = []byte(text)
	}
	inner.Allow(secretsprovider.FromMap(content))
	inner.Allow(logins{find: offer.Login})
	if offer.Dockerfile != nil {
		files := offer.Files
		if files == nil {
			files = nothing{}
		}
		inner.Allow(filesync.NewFSSyncProvider(directories{dirDockerfile: recipe(offer.Dockerfile), dirContext: files}))
	}
	s := &Session{session: inner, ended: make(chan struct{})}
	opened := make(chan error, 1)
	go func() {
		defer close(s.ended)
		_ = inner.Run(ctx, func(ctx context.Context, protocol string, headers map[string][]string) (net.Conn, error) {
			conn, err := dial(ctx, protocol, headers)
			opened <- err
			return conn, err
		}) // its only error is dial's
	}()
	if err := <-opened; err != nil {
		<-s.ended
		return nil, err
	}
	return s, nil
}

// ID names the session in a request for a build.
func (s *Session) ID() string { return s.session.ID() }

// Close ends the session and returns when nothing serves it any more.
func (s *Session) Close() {
	_ = s.session.Close() // of a connection that is to end in any case
	<-s.ended
}

// logins answer the question for the login of a registry whose images a Dockerfile names.
type logins struct {
	auth.UnimplementedAuthServer
	find func(ctx context.Context, host string) Login
}

// Register makes the answers available in a session.
func (l logins) Register(server *grpc.Server) { auth.RegisterAuthServer(server, l) }

// Credentials are the login for a host.
func (l logins) Credentials(ctx context.Context, req *auth.CredentialsRequest) (*auth.CredentialsResponse, error) {
	login := l.find(ctx, req.GetHost())
	return &auth.CredentialsResponse{Username: login.User, Secret: login.Secret}, nil
}
