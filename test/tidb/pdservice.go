package main

import (
	"context"
	"reflect"
	"time"

	"github.com/pingcap/kvproto/pkg/pdpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// etcd makes the gRPC server that PD lives in and takes no interceptors, so
// PD's service is described by hand: its unary methods all go through call.

// errNotLeader is what a PD that does not lead answers.
var errNotLeader = status.Error(codes.Unavailable, "not leader")

// alwaysAnswered are the calls that find the leader: any member answers them.
var alwaysAnswered = map[string]bool{"GetMembers": true, "GetClusterInfo": true}

func (p *pdServer) serviceDesc() *grpc.ServiceDesc {
	service := reflect.TypeOf((*pdpb.PDServer)(nil)).Elem()
	desc := &grpc.ServiceDesc{
		ServiceName: "pdpb.PD", HandlerType: (*pdpb.PDServer)(nil), Metadata: "pdpb.proto",
		Streams: []grpc.StreamDesc{
			{
				StreamName: "Tso", ServerStreams: true, ClientStreams: true,
				Handler: func(_ any, stream grpc.ServerStream) error { return p.Tso(tsoStream{stream}) },
			},
			{
				StreamName: "WatchGlobalConfig", ServerStreams: true,
				Handler: func(_ any, stream grpc.ServerStream) error {
					<-stream.Context().Done() // nothing ever changes
					return nil
				},
			},
		},
	}
	for i := range service.NumMethod() {
		method := service.Method(i)
		if method.Type.NumIn() != 2 || method.Type.NumOut() != 2 {
			continue // a stream
		}
		desc.Methods = append(desc.Methods, grpc.MethodDesc{
			MethodName: method.Name,
			Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				req := reflect.New(method.Type.In(1).Elem())
				if err := decode(req.Interface()); err != nil {
					return nil, err
				}
				return p.call(ctx, method.Name, req)
			},
		})
	}
	return desc
}

func (p *pdServer) call(ctx context.Context, method string, req reflect.Value) (any, error) {
	p.stats.add("rpc", method)
	at := site{method: method, fromTiDB: fromTiDB(ctx)}
	if p.faults.strikes(pdDelay, at) {
		time.Sleep(p.faults.delay())
	}
	if !alwaysAnswered[method] && (p.notLeading() || p.faults.strikes(pdNotLeader, at)) {
		return nil, errNotLeader
	}
	out := reflect.ValueOf(p).MethodByName(method).Call([]reflect.Value{reflect.ValueOf(ctx), req})
	err, _ := out[1].Interface().(error)
	return out[0].Interface(), err
}

// stepDown makes this member answer "not leader" for a while, as after the
// loss of PD's leader; its timestamp streams break.
func (p *pdServer) stepDown(d time.Duration) {
	p.leaderless.Store(time.Now().Add(d).UnixNano())
	p.leadership.Lock()
	defer p.leadership.Unlock()
	if p.down != nil {
		close(p.down)
		p.down = nil
	}
}

// steppedDown is closed at the end of the present leadership.
func (p *pdServer) steppedDown() <-chan struct{} {
	p.leadership.Lock()
	defer p.leadership.Unlock()
	if p.down == nil {
		p.down = make(chan struct{})
	}
	return p.down
}

func (p *pdServer) notLeading() bool { return time.Now().UnixNano() < p.leaderless.Load() }

type tsoStream struct{ grpc.ServerStream }

func (s tsoStream) Send(m *pdpb.TsoResponse) error { return s.SendMsg(m) }

func (s tsoStream) Recv() (*pdpb.TsoRequest, error) {
	m := &pdpb.TsoRequest{}
	return m, s.RecvMsg(m)
}
