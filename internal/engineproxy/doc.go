// Package engineproxy stands between dindctl and an engine in tests: it sees
// every call, also those that go through the tunnels into engines inside
// containers, at every depth, and may refuse, lose, delay or spoil each of them.
//
// It relays one connection by one connection and request by request, so that a
// client which hangs up hangs up on the engine, streams flow as they come, and
// what is hijacked (attach, exec) stays a stream of bytes. A tunnel, which is an
// exec of exactly `docker system dial-stdio`, is taken apart and put together
// again: the calls inside it are calls like all others.
package engineproxy
