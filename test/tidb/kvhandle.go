package main

import (
	"context"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/pingcap/kvproto/pkg/errorpb"
	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/log"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// intercept is the way of a unary request.
func (s *kvService) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	method := info.FullMethod[strings.LastIndexByte(info.FullMethod, '/')+1:]
	return s.handle(ctx, method, req, func() (any, error) { return handler(ctx, req) })
}

// handle does for every request what does not depend on its kind: counts it,
// strikes with faults, ends the process where TiKV would, and turns unistore's
// panics (unimplemented methods) into errors.
func (s *kvService) handle(ctx context.Context, method string, req any, execute func() (any, error)) (resp any, err error) {
	defer func() {
		if r := recover(); r != nil {
			log.Warn("rpc panicked", zap.String("method", method), zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			resp, err = nil, status.Errorf(codes.Unimplemented, "%s: %v", method, r)
		}
	}()
	began := time.Now()
	at := site{method: method, fromTiDB: fromTiDB(ctx)}
	s.stats.add("rpc", method)
	if !at.fromTiDB {
		s.stats.add("clientRpc", method)
	}
	s.mustNotAbort(method, req)
	if resp, err = s.faultBefore(at, req); resp != nil || err != nil {
		return resp, err
	}
	s.claim(req)
	if resp, err = execute(); err != nil {
		return nil, err
	}
	addExecDetails(resp, began)
	if hasField(resp, "RegionError") && s.faults.strikes(kvDropReply, at) {
		if s.faults.pick(2) == 0 {
			return nil, status.Error(codes.DeadlineExceeded, "rig: reply dropped")
		}
		return nil, status.Error(codes.Unavailable, "rig: reply dropped")
	}
	return resp, nil
}

// fromTiDB knows the embedded server (or another one) by its gRPC library.
func fromTiDB(ctx context.Context) bool {
	md, _ := metadata.FromIncomingContext(ctx)
	agent := md.Get("user-agent")
	return len(agent) > 0 && strings.Contains(agent[0], "grpc-go")
}

// faultBefore may answer a request instead of executing it.
func (s *kvService) faultBefore(at site, req any) (any, error) {
	sent, ok := req.(interface{ GetContext() *kvrpcpb.Context })
	if !ok || sent.GetContext().GetRegionId() == 0 {
		return nil, nil
	}
	if s.faults.strikes(kvDelay, at) {
		time.Sleep(s.faults.delay())
	}
	if s.faults.strikes(kvDropRequest, at) {
		return nil, status.Error(codes.Unavailable, "rig: request dropped")
	}
	r := s.regions.byID(sent.GetContext().RegionId)
	if r == nil {
		return nil, nil
	}
	var err *errorpb.Error
	switch s.faults.any(at, kvBusy, kvStaleCommand, kvEpochNotMatch, kvEpochEmpty, kvNotLeader, kvRegionNotFound) {
	case kvBusy:
		err = &errorpb.Error{Message: "server is busy", ServerIsBusy: &errorpb.ServerIsBusy{Reason: "rig", BackoffMs: uint64(10 + s.faults.pick(90))}}
	case kvStaleCommand:
		err = &errorpb.Error{Message: "stale command", StaleCommand: &errorpb.StaleCommand{}}
	case kvEpochNotMatch:
		err = epochNotMatch(r, []*metapb.Region{clone(r.meta)})
	case kvEpochEmpty:
		err = epochNotMatch(r, nil)
	case kvNotLeader:
		err = notLeader(r, []*metapb.Peer{nil, r.leader}[s.faults.pick(2)])
	case kvRegionNotFound:
		err = &errorpb.Error{Message: "region not found", RegionNotFound: &errorpb.RegionNotFound{RegionId: r.meta.Id}}
	default:
		return nil, nil
	}
	method, found := reflect.TypeOf(s).MethodByName(at.method)
	if !found || method.Type.NumOut() != 2 {
		return nil, nil
	}
	resp := reflect.New(method.Type.Out(0).Elem())
	field := resp.Elem().FieldByName("RegionError")
	if !field.IsValid() {
		return nil, nil
	}
	field.Set(reflect.ValueOf(err))
	return resp.Interface(), nil
}

func hasField(message any, name string) bool {
	return reflect.ValueOf(message).Elem().FieldByName(name).IsValid()
}

// addExecDetails says, as TiKV does in most replies, where the time went.
func addExecDetails(resp any, began time.Time) {
	field := reflect.ValueOf(resp).Elem().FieldByName("ExecDetailsV2")
	if !field.IsValid() {
		return
	}
	details, _ := field.Interface().(*kvrpcpb.ExecDetailsV2)
	if details == nil {
		details = &kvrpcpb.ExecDetailsV2{}
		field.Set(reflect.ValueOf(details))
	}
	took := uint64(time.Since(began))
	if details.TimeDetail == nil {
		details.TimeDetail = &kvrpcpb.TimeDetail{ProcessWallTimeMs: took / uint64(time.Millisecond)}
	}
	details.TimeDetail.TotalRpcWallTimeNs = took
	if details.TimeDetailV2 == nil {
		details.TimeDetailV2 = &kvrpcpb.TimeDetailV2{ProcessWallTimeNs: took, TotalRpcWallTimeNs: took}
	}
	if details.ScanDetailV2 == nil {
		details.ScanDetailV2 = &kvrpcpb.ScanDetailV2{GetSnapshotNanos: 1}
	}
}

func recoverStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	defer func() {
		if r := recover(); r != nil {
			log.Warn("rpc panicked", zap.String("method", info.FullMethod), zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			err = status.Errorf(codes.Unimplemented, "%s: %v", info.FullMethod, r)
		}
	}()
	return handler(srv, stream)
}
