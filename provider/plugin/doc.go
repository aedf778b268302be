// Package plugin runs providers in processes of their own and speaks with them:
// the wire (package pb), the host's side ([Start], [Client]) and the provider's
// side ([Serve]). It is the only package that knows go-plugin and gRPC.
//
// A provider's main function calls
//
//	err := plugin.Serve(myprovider.New(), plugin.ServeOptions{})
//
// and the host
//
//	client, err := plugin.Start(ctx, plugin.StartRequest{Command: []string{path}})
//	defer client.Close()
//	p := client.Provider()
//
// What the two processes promise each other:
//
//   - The provider never outlives its host, however that ends: they share a
//     socket pair, and the provider leaves when its end reports the end of file.
//   - The host can hand it open files over the same pair ([Client.Hold]), so that
//     a lock on a file is free only when both are gone.
//   - Ctrl-C reaches the host alone; the provider is told by Stop.
//   - The provider's standard output is the handshake's; whatever else it prints
//     there is dropped. Its last words on standard error become a Problem when it
//     ends unexpectedly.
//   - The sockets are in a directory of mode 0700, which the host removes, or the
//     provider where the host cannot any more.
//   - A program that is not dindctl itself ([StartRequest.Foreign]) gets mutual TLS,
//     few variables of the environment, and is started only if its checksum is right.
package plugin
