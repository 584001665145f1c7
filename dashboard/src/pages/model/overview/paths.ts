/** Where programs ask a model of a type, as `GET /ai/v1/models?detail=true` says it. Pure. */
import type { Model } from '../queries'

const PATHS: Partial<Record<string, readonly string[]>> = {
  CHAT: ['/ai/v1/chat/completions', '/ai/v1/messages', '/ai/v1/responses'],
  EMBEDDINGS: ['/ai/v1/embeddings'],
  RERANKER: ['/ai/v1/rerank', '/ai/v2/rerank', '/ai/v1/score'],
}

/** Nothing where the type is not known. */
export function pathsOf({ model_type }: Pick<Model, 'model_type'>): readonly string[] | undefined {
  return PATHS[model_type ?? '']
}
