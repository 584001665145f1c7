// @vitest-environment jsdom
import { render, screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { MarkdownRendered } from './markdown-rendered'

describe('Markdown', () => {
  it('shows HTML as it is written', () => {
    const { container } = render(
      <MarkdownRendered text={'<img src=x onerror=alert(1)>\n\n<script>alert(1)</script>\n\n**bold**'} />,
    )
    expect(container.querySelector('img, script')).toBeNull()
    expect(container.textContent).toContain('<script>')
    expect(container.querySelector('strong')?.textContent).toBe('bold')
  })

  it('fetches no pictures, and follows no script', () => {
    const { container } = render(
      <MarkdownRendered text={'![a cat](https://example.org/cat.png) [x](javascript:alert(1))'} />,
    )
    expect(container.querySelector('img')).toBeNull()
    expect(screen.getByText('a cat').getAttribute('href')).toBe('https://example.org/cat.png')
    expect(container.innerHTML).not.toContain('javascript:')
  })

  it('has code that can be copied, and tables', () => {
    const text = '```python\nprint(1)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n'
    render(<MarkdownRendered text={text} />)
    expect(screen.getByRole('region', { name: 'Code in python' }).textContent).toBe('print(1)')
    expect(screen.getAllByRole('cell').map((cell) => cell.textContent)).toEqual(['1', '2'])
  })
})
