/** Loaded when the first code block is shown. */
import type { ElementContent, RootContent } from 'hast'
import bash from 'highlight.js/lib/languages/bash'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import python from 'highlight.js/lib/languages/python'
import { createLowlight } from 'lowlight'
import type { ReactNode } from 'react'

export type Language = 'bash' | 'javascript' | 'json' | 'python'

const lowlight = createLowlight({ bash, javascript, json, python })

export function highlight(code: string, language: Language): ReactNode {
  return lowlight.highlight(language, code).children.map(asNode)
}

function asNode(node: RootContent | ElementContent, index: number): ReactNode {
  if (node.type === 'text') return node.value
  if (node.type !== 'element') return null
  const classes = node.properties.className
  return (
    <span key={index} className={Array.isArray(classes) ? classes.join(' ') : undefined}>
      {node.children.map(asNode)}
    </span>
  )
}
