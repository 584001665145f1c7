/** Which model a first request asks. */
import type { Schema } from '@/api/client'

type Model = Pick<Schema['Model'], 'alias' | 'model_name' | 'model_type'>

/** Many a provider lists models of every kind, and says of none which: these words are of those that do not chat. */
const NOT_FOR_CHAT =
  /image|dall-e|sora|video|audio|speech|tts|whisper|transcri|realtime|moderation|embed|rerank|babbage|davinci|instruct$/i

/** The one that most likely answers a greeting, of those that a person may call. */
export function firstModel<Each extends Model>(models: readonly Each[]): Each | undefined {
  const chat = models.filter((model) => model.model_type === 'CHAT' || model.model_type === null)
  return chat.find((model) => !NOT_FOR_CHAT.test(model.model_name)) ?? chat[0] ?? models[0]
}
