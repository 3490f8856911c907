// imagetar packs folders into a container image, without a container engine or a registry, and prints its reference.
//
// The tag is the first 12 digits of the image's own digest: the same contents always give the same reference, and
// changed contents a new one, so a reference in a pod's spec is enough to roll the pod. Times, owners and modes are
// normalised for that reason. The file written is what `docker save` would write: `ctr images import`, `docker load`
// and `kind load image-archive` all read it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func main() {
	var layers, entrypoint, env, ports list
	repository := flag.String("name", "", "repository of the image, such as drover/worker")
	into := flag.String("into", ".", "folder for the image's file, <name>-<hash>.tar with / as -")
	user := flag.String("user", "", "uid:gid the container runs as")
	workdir := flag.String("workdir", "/", "working directory")
	stopSignal := flag.String("stop-signal", "", "signal that asks the process to end, SIGTERM if not given")
	flag.Var(&layers, "layer", "FOLDER or FOLDER=/PATH: contents at / or at /PATH; one layer each, lowest first")
	flag.Var(&entrypoint, "entrypoint", "one word of the command; repeat it")
	flag.Var(&env, "env", "NAME=value; repeat it")
	flag.Var(&ports, "port", "exposed port, such as 8080/tcp; repeat it")
	flag.Parse()

	config := v1.Config{
		User: *user, WorkingDir: *workdir, StopSignal: *stopSignal,
		Entrypoint: entrypoint, Env: env, ExposedPorts: map[string]struct{}{},
	}
	for _, p := range ports {
		config.ExposedPorts[p] = struct{}{}
	}
	reference, err := pack(*repository, layers, config, *into)
	if err != nil {
		fmt.Fprintf(os.Stderr, "image %s: %v\n", *repository, err)
		os.Exit(1)
	}
	fmt.Println(reference)
}

func pack(repository string, folders []string, config v1.Config, into string) (string, error) {
	if repository == "" || len(folders) == 0 {
		return "", errors.New("give -name and at least one -layer")
	}
	image, err := assemble(folders, config)
	if err != nil {
		return "", err
	}
	// The id covers the config and, by their digests in it, all layers.
	id, err := image.ConfigName()
	if err != nil {
		return "", err
	}
	hash := id.Hex[:12]
	tag, err := name.NewTag(repository + ":" + hash)
	if err != nil {
		return "", err
	}
	file := filepath.Join(into, strings.ReplaceAll(repository, "/", "-")+"-"+hash+".tar")
	if _, err := os.Stat(file); err != nil {
		if err := tarball.WriteToFile(file+".making", tag, image); err != nil {
			return "", err
		}
		if err := os.Rename(file+".making", file); err != nil {
			return "", err
		}
	}
	return repository + ":" + hash, nil
}

func assemble(folders []string, config v1.Config) (v1.Image, error) {
	image := empty.Image
	for _, f := range folders {
		folder, at, _ := strings.Cut(f, "=")
		layer, err := layerOf(folder, at)
		if err != nil {
			return nil, fmt.Errorf("layer from %s: %w", folder, err)
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, err
		}
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Config = config
	file.OS, file.Architecture = "linux", "amd64"
	return mutate.ConfigFile(image, file)
}
