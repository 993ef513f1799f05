package main

import (
	"context"

	"github.com/pingcap/kvproto/pkg/tikvpb"
	"github.com/pingcap/log"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// BatchCommands runs the requests of a stream concurrently and answers each as
// soon as it is done. (unistore's own would bypass the methods of kvService.)
// A reply that is to be lost takes the whole stream with it, as a broken
// connection does.
func (s *kvService) BatchCommands(stream tikvpb.Tikv_BatchCommandsServer) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	broken := make(chan error, 1)
	responses := make(chan *tikvpb.BatchCommandsResponse, 256)
	go func() {
		defer cancel()
		for {
			batch, err := stream.Recv()
			if err != nil {
				return
			}
			for i, req := range batch.Requests {
				id := batch.RequestIds[i]
				go s.answerBatched(ctx, id, req, responses, broken)
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-broken:
			return err
		case resp := <-responses:
			for n := len(responses); n > 0; n-- {
				more := <-responses
				resp.RequestIds = append(resp.RequestIds, more.RequestIds...)
				resp.Responses = append(resp.Responses, more.Responses...)
			}
			if err := stream.Send(resp); err != nil {
				return err
			}
		}
	}
}

func (s *kvService) answerBatched(ctx context.Context, id uint64, req *tikvpb.BatchCommandsRequest_Request, responses chan<- *tikvpb.BatchCommandsResponse, broken chan<- error) {
	resp, err := s.runBatched(ctx, req)
	switch status.Code(err) {
	case codes.OK:
		select {
		case responses <- &tikvpb.BatchCommandsResponse{RequestIds: []uint64{id}, Responses: []*tikvpb.BatchCommandsResponse_Response{resp}}:
		case <-ctx.Done():
		}
	default:
		log.Warn("batched command failed", zap.Error(err))
		select { // there is no place for it in a response
		case broken <- status.Error(codes.Unavailable, err.Error()):
		default: // it breaks already
		}
	}
}

// batched runs one request of a batch like a unary one.
func batched[Q, R any](ctx context.Context, s *kvService, method string, req Q, call func(context.Context, Q) (R, error)) (R, error) {
	resp, err := s.handle(ctx, method, req, func() (any, error) { return call(ctx, req) })
	r, _ := resp.(R)
	return r, err
}

func (s *kvService) runBatched(ctx context.Context, req *tikvpb.BatchCommandsRequest_Request) (*tikvpb.BatchCommandsResponse_Response, error) {
	type answer = tikvpb.BatchCommandsResponse_Response
	switch c := req.Cmd.(type) {
	case *tikvpb.BatchCommandsRequest_Request_Get:
		r, err := batched(ctx, s, "KvGet", c.Get, s.KvGet)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_Get{Get: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_BatchGet:
		r, err := batched(ctx, s, "KvBatchGet", c.BatchGet, s.KvBatchGet)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_BatchGet{BatchGet: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_Scan:
		r, err := batched(ctx, s, "KvScan", c.Scan, s.KvScan)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_Scan{Scan: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_Prewrite:
		r, err := batched(ctx, s, "KvPrewrite", c.Prewrite, s.KvPrewrite)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_Prewrite{Prewrite: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_Commit:
		r, err := batched(ctx, s, "KvCommit", c.Commit, s.KvCommit)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_Commit{Commit: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_Cleanup:
		r, err := batched(ctx, s, "KvCleanup", c.Cleanup, s.KvCleanup)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_Cleanup{Cleanup: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_BatchRollback:
		r, err := batched(ctx, s, "KvBatchRollback", c.BatchRollback, s.KvBatchRollback)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_BatchRollback{BatchRollback: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_ScanLock:
		r, err := batched(ctx, s, "KvScanLock", c.ScanLock, s.KvScanLock)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_ScanLock{ScanLock: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_ResolveLock:
		r, err := batched(ctx, s, "KvResolveLock", c.ResolveLock, s.KvResolveLock)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_ResolveLock{ResolveLock: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_GC:
		r, err := batched(ctx, s, "KvGC", c.GC, s.KvGC)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_GC{GC: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_DeleteRange:
		r, err := batched(ctx, s, "KvDeleteRange", c.DeleteRange, s.KvDeleteRange)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_DeleteRange{DeleteRange: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_Coprocessor:
		r, err := batched(ctx, s, "Coprocessor", c.Coprocessor, s.Coprocessor)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_Coprocessor{Coprocessor: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_PessimisticLock:
		r, err := batched(ctx, s, "KvPessimisticLock", c.PessimisticLock, s.KvPessimisticLock)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_PessimisticLock{PessimisticLock: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_PessimisticRollback:
		r, err := batched(ctx, s, "KVPessimisticRollback", c.PessimisticRollback, s.KVPessimisticRollback)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_PessimisticRollback{PessimisticRollback: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_CheckTxnStatus:
		r, err := batched(ctx, s, "KvCheckTxnStatus", c.CheckTxnStatus, s.KvCheckTxnStatus)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_CheckTxnStatus{CheckTxnStatus: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_CheckSecondaryLocks:
		r, err := batched(ctx, s, "KvCheckSecondaryLocks", c.CheckSecondaryLocks, s.KvCheckSecondaryLocks)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_CheckSecondaryLocks{CheckSecondaryLocks: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_TxnHeartBeat:
		r, err := batched(ctx, s, "KvTxnHeartBeat", c.TxnHeartBeat, s.KvTxnHeartBeat)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_TxnHeartBeat{TxnHeartBeat: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_Flush:
		r, err := batched(ctx, s, "KvFlush", c.Flush, s.KvFlush)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_Flush{Flush: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_BufferBatchGet:
		r, err := batched(ctx, s, "KvBufferBatchGet", c.BufferBatchGet, s.KvBufferBatchGet)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_BufferBatchGet{BufferBatchGet: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_GetHealthFeedback:
		r, err := batched(ctx, s, "GetHealthFeedback", c.GetHealthFeedback, s.GetHealthFeedback)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_GetHealthFeedback{GetHealthFeedback: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_BroadcastTxnStatus:
		r, err := batched(ctx, s, "BroadcastTxnStatus", c.BroadcastTxnStatus, s.BroadcastTxnStatus)
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_BroadcastTxnStatus{BroadcastTxnStatus: r}}, err
	case *tikvpb.BatchCommandsRequest_Request_Empty:
		return &answer{Cmd: &tikvpb.BatchCommandsResponse_Response_Empty{Empty: &tikvpb.BatchCommandsEmptyResponse{TestId: c.Empty.TestId}}}, nil
	default:
		return nil, status.Errorf(codes.Unimplemented, "%T", req.Cmd)
	}
}
