import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from '@/api/queries'
import { loadPage, router } from '@/app/router'
import { Toaster } from '@/components/toast'
import { TooltipProvider } from '@/design/menu'
import '@/design/style-nonce'
import '@/design/tokens.css'

const place = document.getElementById('root')
if (place === null) throw new Error('index.html has no #root')
loadPage(window.location.pathname)
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TooltipProvider delayDuration={250}>
        <RouterProvider router={router} />
        <Toaster />
      </TooltipProvider>
    </QueryClientProvider>
  </StrictMode>,
)
