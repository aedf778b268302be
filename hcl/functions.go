package hcl

import (
	"crypto/md5"  //nolint:gosec // a checksum that people ask for, not a signature
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/buildcontext"
)

// functions are what expressions may call. Paths are relative to dir. Interrupted ends
// what reads a file of any size, with an error; it may be nil.
func functions(dir string, interrupted func() error) map[string]function.Function {
	out := standard()
	text := func(run func(string) (string, error)) function.Function {
		return textFunction(run)
	}
	out["base64encode"] = text(func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil })
	out["base64decode"] = text(decodeBase64)
	out["md5"] = text(digest(md5.New))
	out["sha1"] = text(digest(sha1.New))
	out["sha256"] = text(digest(sha256.New))
	out["sha512"] = text(digest(sha512.New))
	out["basename"] = text(func(s string) (string, error) { return path.Base(s), nil })
	out["dirname"] = text(func(s string) (string, error) { return path.Dir(s), nil })
	out["abspath"] = text(func(s string) (string, error) { return inside(dir, s), nil })
	file := func(run func(string) (string, error)) function.Function {
		return oneText("path", func(s string) (string, error) {
			content, err := run(s)
			if errors.Is(err, fs.ErrNotExist) {
				err = fmt.Errorf("there is no file %s", inside(dir, s))
			}
			return content, err
		})
	}
	out["file"] = file(func(s string) (string, error) { return readText(inside(dir, s)) })
	out["filebase64"] = file(func(s string) (string, error) {
		content, err := readBounded(inside(dir, s))
		return base64.StdEncoding.EncodeToString(content), err
	})
	out["filesha256"] = file(func(s string) (string, error) { return fileDigest(inside(dir, s), interrupted) })
	out["fileexists"] = existsFunction(dir)
	out["pathjoin"] = joinFunction()
	out["sensitive"] = markFunction(func(v cty.Value) cty.Value { return v.Mark(provider.Sensitive) })
	out["nonsensitive"] = markFunction(func(v cty.Value) cty.Value {
		plain, _ := v.UnmarkDeep()
		return plain
	})
	maps.Copy(out, cidrFunctions())
	maps.Copy(out, terraformFunctions())
	out["templatefile"] = templateFunction(dir, out, &budget{})
	return out
}

// standard are cty's own functions under their usual names.
func standard() map[string]function.Function {
	return map[string]function.Function{
		"abs": stdlib.AbsoluteFunc, "can": tryfunc.CanFunc, "ceil": stdlib.CeilFunc, "chomp": stdlib.ChompFunc,
		"chunklist": stdlib.ChunklistFunc, "coalesce": stdlib.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc,
		"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc,
		"csvdecode": stdlib.CSVDecodeFunc, "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc,
		"flatten": stdlib.FlattenFunc, "floor": stdlib.FloorFunc, "format": stdlib.FormatFunc,
		"formatdate": stdlib.FormatDateFunc, "formatlist": stdlib.FormatListFunc, "indent": stdlib.IndentFunc,
		"join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc,
		"jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc, "log": stdlib.LogFunc,
		"lookup": stdlib.LookupFunc, "lower": stdlib.LowerFunc, "max": stdlib.MaxFunc, "merge": stdlib.MergeFunc,
		"min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc, "range": stdlib.RangeFunc,
		"regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc, "replace": stdlib.ReplaceFunc,
		"reverse": stdlib.ReverseListFunc, "setintersection": stdlib.SetIntersectionFunc,
		"setproduct": stdlib.SetProductFunc, "setsubtract": stdlib.SetSubtractFunc, "setunion": stdlib.SetUnionFunc,
		"signum": stdlib.SignumFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "split": stdlib.SplitFunc,
		"strlen": stdlib.StrlenFunc, "strrev": stdlib.ReverseFunc, "substr": stdlib.SubstrFunc,
		"timeadd": stdlib.TimeAddFunc, "title": stdlib.TitleFunc, "trim": stdlib.TrimFunc,
		"trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc,
		"try": tryfunc.TryFunc, "upper": stdlib.UpperFunc, "values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,
		"tobool": stdlib.MakeToFunc(cty.Bool), "tonumber": stdlib.MakeToFunc(cty.Number), "tostring": stdlib.MakeToFunc(cty.String),
		"tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), "toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
	}
}

func textFunction(run func(string) (string, error)) function.Function { return oneText("text", run) }

// oneText is a function of one text, by whose name errors speak of it.
func oneText(name string, run func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: name, Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			out, err := run(args[0].AsString())
			if err != nil {
				return cty.UnknownVal(cty.String), function.NewArgError(0, err)
			}
			return cty.StringVal(out), nil
		},
	})
}

func markFunction(run func(cty.Value) cty.Value) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{
			Name: "value", Type: cty.DynamicPseudoType, AllowMarked: true, AllowUnknown: true, AllowNull: true, AllowDynamicType: true,
		}},
		Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return run(args[0]), nil },
	})
}

func existsFunction(dir string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			_, err := os.Stat(inside(dir, args[0].AsString()))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return cty.UnknownVal(cty.Bool), function.NewArgError(0, err)
			}
			return cty.BoolVal(err == nil), nil
		},
	})
}

func joinFunction() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "parts", Type: cty.String},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			parts := make([]string, len(args))
			for i, arg := range args {
				parts[i] = arg.AsString()
			}
			return cty.StringVal(path.Join(parts...)), nil
		},
	})
}

func decodeBase64(s string) (string, error) {
	decoded, err := base64.StdEncoding.DecodeString(s)
	if err == nil && !utf8.Valid(decoded) {
		err = errors.New("the result is not text in UTF-8")
	}
	return string(decoded), err
}

func digest(with func() hash.Hash) func(string) (string, error) {
	return func(s string) (string, error) {
		h := with()
		_, _ = io.WriteString(h, s)
		return hex.EncodeToString(h.Sum(nil)), nil
	}
}

// inside makes a path absolute.
func inside(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}

// readBounded reads a file of at most maxBytes.
func readBounded(name string) ([]byte, error) {
	f, err := buildcontext.OpenRegular(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err == nil && len(content) > maxBytes {
		err = tooLarge{name}
	}
	return content, err
}

func readText(name string) (string, error) {
	content, err := readBounded(name)
	if err == nil && !utf8.Valid(content) {
		err = fmt.Errorf("%s is not text in UTF-8; use filebase64", name)
	}
	return string(content), err
}

func fileDigest(name string, interrupted func() error) (string, error) {
	f, err := buildcontext.OpenRegular(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, buildcontext.Heeding(f, interrupted)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func cidrFunctions() map[string]function.Function {
	prefix := function.Parameter{Name: "prefix", Type: cty.String}
	number := func(name string) function.Parameter { return function.Parameter{Name: name, Type: cty.Number} }
	cidr := func(params []function.Parameter, run func(netip.Prefix, []int) (string, error)) function.Function {
		return function.New(&function.Spec{
			Params: params, Type: function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				p, err := netip.ParsePrefix(args[0].AsString())
				if err != nil {
					return cty.UnknownVal(cty.String), function.NewArgError(0, err)
				}
				numbers := make([]int, 0, len(args)-1)
				for _, arg := range args[1:] {
					n, _ := arg.AsBigFloat().Int64()
					numbers = append(numbers, int(n))
				}
				out, err := run(p.Masked(), numbers)
				return cty.StringVal(out), err
			},
		})
	}
	return map[string]function.Function{
		"cidrhost": cidr([]function.Parameter{prefix, number("number")}, func(p netip.Prefix, n []int) (string, error) {
			return cidrAddress(p, p.Addr().BitLen(), n[0])
		}),
		"cidrnetmask": cidr([]function.Parameter{prefix}, func(p netip.Prefix, _ []int) (string, error) {
			if !p.Addr().Is4() {
				return "", errors.New("only IPv4 has masks")
			}
			all, _ := netip.AddrFrom4([4]byte{255, 255, 255, 255}).Prefix(p.Bits())
			return all.Addr().String(), nil
		}),
		"cidrsubnet": cidr([]function.Parameter{prefix, number("bits"), number("number")}, func(p netip.Prefix, n []int) (string, error) {
			bits := p.Bits() + n[0]
			address, err := cidrAddress(p, bits, n[1])
			return fmt.Sprintf("%s/%d", address, bits), err
		}),
	}
}

// cidrAddress is the address of the number-th subnet with so many bits.
func cidrAddress(p netip.Prefix, bits, number int) (string, error) {
	free := bits - p.Bits()
	switch {
	case bits > p.Addr().BitLen() || free < 0:
		return "", fmt.Errorf("%s has no room for prefixes of %d bits", p, bits)
	case number < 0 || free < 62 && number >= 1<<free:
		return "", fmt.Errorf("%s has no number %d with %d bits", p, number, bits)
	}
	address := p.Addr().AsSlice()
	shift := p.Addr().BitLen() - bits
	for bit := 0; bit < 63; bit++ {
		if number>>bit&1 == 1 {
			at := shift + bit
			address[len(address)-1-at/8] |= 1 << (at % 8)
		}
	}
	out, _ := netip.AddrFromSlice(address)
	return out.String(), nil
}
